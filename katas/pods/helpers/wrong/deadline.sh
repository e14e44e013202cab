kubectl delete job {{ job }}
kubectl apply -f deadline.yaml
kubekata clock skip 2m
