kubectl apply -f deployment.yaml
kubectl apply -f everywhere.yaml
