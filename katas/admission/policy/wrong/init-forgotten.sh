kubectl apply -f deployment.yaml
kubectl apply -f init-forgotten.yaml
