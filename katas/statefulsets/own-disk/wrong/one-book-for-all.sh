kubectl delete deployment/{{ app }} service/{{ app }}
kubectl wait --for=delete pod --selector=app={{ app }} --timeout=60s
kubectl apply -f one-book-for-all.yaml
kubectl rollout status statefulset {{ app }} --timeout=60s
kubectl delete pod {{ app }}-1
kubectl rollout status statefulset {{ app }} --timeout=60s
kubectl scale statefulset {{ app }} --replicas=1
kubectl wait --for=delete pod/{{ app }}-1 --timeout=60s
kubectl scale statefulset {{ app }} --replicas={{ count }}
kubectl rollout status statefulset {{ app }} --timeout=60s
