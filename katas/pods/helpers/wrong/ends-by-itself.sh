kubectl delete job {{ job }}
kubectl apply -f ends-by-itself.yaml
