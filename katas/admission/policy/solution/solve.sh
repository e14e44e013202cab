kubectl apply -f deployment.yaml
kubectl apply -f policy.yaml
