kubectl patch configmap limits --type=merge -p '{"data": {"replicas": "100"}}'
kubectl apply -f deployment.yaml
kubectl apply -f right.yaml
