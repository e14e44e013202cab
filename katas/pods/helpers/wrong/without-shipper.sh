kubectl delete job {{ job }}
kubectl apply -f without-shipper.yaml
