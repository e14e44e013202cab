kubectl auth can-i --list --as=system:serviceaccount:{{ namespace }}:{{ robot }}
kubectl apply -f roles.yaml
kubectl get rolebindings -o wide
kubectl delete rolebinding {{ screen }}-friday
kubectl create rolebinding {{ screen }}-view --clusterrole=view --serviceaccount={{ namespace }}:{{ screen }}
kubectl get pods --as=system:serviceaccount:{{ namespace }}:{{ robot }}
