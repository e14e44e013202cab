kubectl apply -f deployment.yaml
kubectl apply -f not-bound.yaml
