kubectl delete job {{ job }}
kubectl apply -f fetch-beside.yaml
kubekata clock skip 2m
