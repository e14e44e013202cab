kubectl get pods
kubectl logs job/{{ job }} --all-containers
kubectl delete job {{ job }}
kubectl apply -f job-mended.yaml
kubectl wait --for=condition=Complete job/{{ job }} --timeout=90s
