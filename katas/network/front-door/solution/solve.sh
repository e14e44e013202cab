kubectl get ingresses,ingressclasses
kubectl describe service {{ shop }}
kubectl describe ingress {{ shop }}
kubectl replace -f ingress.yaml
kubectl create ingress {{ blog }} --class={{ class }} --rule='{{ second }}/*={{ blog }}:80'
