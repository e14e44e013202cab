kubectl create rolebinding {{ robot }} --clusterrole=edit --serviceaccount={{ namespace }}:{{ robot }}
kubectl delete rolebinding {{ screen }}-friday
kubectl create rolebinding {{ screen }}-view --clusterrole=view --serviceaccount={{ namespace }}:{{ screen }}
