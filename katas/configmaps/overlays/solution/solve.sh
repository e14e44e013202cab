kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl kustomize live
kubectl apply -k live
kubectl rollout status deployment {{ app }} --namespace overlays-live --timeout=60s
sed -i 's/LOG_LEVEL=.*/LOG_LEVEL={{ after }}/' test/kustomization.yaml
kubectl diff -k test || test $? -eq 1
kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
