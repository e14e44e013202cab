kubectl delete job {{ job }}
kubectl apply -f plain-init.yaml
