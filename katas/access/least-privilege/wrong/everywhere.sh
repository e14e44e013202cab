kubectl create clusterrole {{ robot }}-pods --verb=get,list,watch --resource=pods
kubectl create clusterrole {{ robot }}-extra --verb={{ extra.verb }} --resource={{ extra.resource }}
kubectl create clusterrolebinding {{ robot }}-pods --clusterrole={{ robot }}-pods --serviceaccount={{ namespace }}:{{ robot }}
kubectl create clusterrolebinding {{ robot }}-extra --clusterrole={{ robot }}-extra --serviceaccount={{ namespace }}:{{ robot }}
kubectl create role {{ robot }}-release --verb=get,patch --resource=deployments.apps --resource-name={{ app }}
kubectl create rolebinding {{ robot }}-release --role={{ robot }}-release --serviceaccount={{ namespace }}:{{ robot }}
kubectl delete rolebinding {{ screen }}-friday
kubectl create rolebinding {{ screen }}-view --clusterrole=view --serviceaccount={{ namespace }}:{{ screen }}
