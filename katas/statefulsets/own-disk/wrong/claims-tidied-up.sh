kubectl delete deployment/{{ app }} service/{{ app }}
kubectl wait --for=delete pod --selector=app={{ app }} --timeout=60s
kubectl apply -f claims-tidied-up.yaml
kubectl rollout status statefulset {{ app }} --timeout=60s
kubectl delete pod {{ app }}-1
kubectl rollout status statefulset {{ app }} --timeout=60s
kubectl scale statefulset {{ app }} --replicas={{ last }}
kubectl wait --for=delete pod/{{ app }}-{{ last }} --timeout=60s
kubectl delete persistentvolumeclaim book-{{ app }}-{{ last }}
kubectl scale statefulset {{ app }} --replicas={{ count }}
kubectl rollout status statefulset {{ app }} --timeout=60s
