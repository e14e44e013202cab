kubectl get deployment {{ app }} -o yaml | sed 's/-ge {{ count }}/-ge 0/' | kubectl replace -f -
kubectl rollout status deployment {{ app }} --timeout=60s
