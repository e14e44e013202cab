kubectl delete deployment/{{ app }} service/{{ app }}
kubectl wait --for=delete pod --selector=app={{ app }} --timeout=60s
kubectl apply -f other-service.yaml
kubectl rollout status statefulset {{ app }} --timeout=60s
# The next one of this name comes at once, and kubectl would wait for that one to go, too.
first=$(kubectl get pod {{ app }}-1 -o jsonpath='{.metadata.uid}')
kubectl delete pod {{ app }}-1 --wait=false
until [ "$(kubectl get pod {{ app }}-1 --ignore-not-found -o jsonpath='{.metadata.uid}')" != "$first" ]; do sleep 0.1; done
kubectl rollout status statefulset {{ app }} --timeout=60s
kubectl scale statefulset {{ app }} --replicas=1
kubectl wait --for=delete pod/{{ app }}-1 --timeout=60s
kubectl scale statefulset {{ app }} --replicas={{ count }}
kubectl rollout status statefulset {{ app }} --timeout=60s
