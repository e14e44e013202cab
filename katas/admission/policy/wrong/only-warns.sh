kubectl apply -f deployment.yaml
kubectl apply -f only-warns.yaml
