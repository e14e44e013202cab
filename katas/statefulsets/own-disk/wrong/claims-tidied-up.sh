kubectl delete deployment/{{ app }} service/{{ app }}
kubectl wait --for=delete pod --selector=app={{ app }} --timeout=60s
kubectl apply -f claims-tidied-up.yaml
kubectl rollout status statefulset {{ app }} --timeout=60s
# The next one of this name comes at once, and kubectl would wait for that one to go, too.
first=$(kubectl get pod {{ app }}-1 -o jsonpath='{.metadata.uid}')
kubectl delete pod {{ app }}-1 --wait=false
until [ "$(kubectl get pod {{ app }}-1 --ignore-not-found -o jsonpath='{.metadata.uid}')" != "$first" ]; do sleep 0.1; done
kubectl rollout status statefulset {{ app }} --timeout=60s
kubectl scale statefulset {{ app }} --replicas={{ last }}
kubectl wait --for=delete pod/{{ app }}-{{ last }} --timeout=60s
kubectl delete persistentvolumeclaim book-{{ app }}-{{ last }}
kubectl scale statefulset {{ app }} --replicas={{ count }}
kubectl rollout status statefulset {{ app }} --timeout=60s
