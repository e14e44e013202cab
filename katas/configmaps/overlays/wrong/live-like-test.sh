kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
sed -e 's/overlays$/overlays-live/' -e 's/place: test/place: live/' test/kustomization.yaml >live/kustomization.yaml
kubectl apply -k live
kubectl rollout status deployment {{ app }} --namespace overlays-live --timeout=60s
sed -i 's/LOG_LEVEL=.*/LOG_LEVEL={{ after }}/' test/kustomization.yaml
kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
