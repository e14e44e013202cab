kubectl create role {{ robot }}-pods --verb=get,list,watch --resource=pods
kubectl create role {{ robot }}-extra --verb={{ extra.verb }} --resource={{ extra.resource }}
kubectl create rolebinding {{ robot }}-pods --role={{ robot }}-pods --serviceaccount={{ namespace }}:{{ robot }}
kubectl create rolebinding {{ robot }}-extra --role={{ robot }}-extra --serviceaccount={{ namespace }}:{{ robot }}
kubectl create role {{ robot }}-release --verb=get,patch --resource=deployments.apps
kubectl create rolebinding {{ robot }}-release --role={{ robot }}-release --serviceaccount={{ namespace }}:{{ robot }}
kubectl delete rolebinding {{ screen }}-friday
kubectl create rolebinding {{ screen }}-view --clusterrole=view --serviceaccount={{ namespace }}:{{ screen }}
