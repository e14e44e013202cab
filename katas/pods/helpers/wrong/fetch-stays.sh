kubectl delete job {{ job }}
kubectl apply -f fetch-stays.yaml
