kubectl apply -f deployment.yaml
kubectl apply -f only-latest.yaml
