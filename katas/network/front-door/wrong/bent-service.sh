kubectl replace -f - <<END
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ shop }}
spec:
  ingressClassName: {{ class }}
  rules:
    - host: {{ host }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: {{ shop }}, port: {{ door }}}}
          - path: /{{ api }}
            pathType: Prefix
            backend: {service: {name: {{ api }}, port: {number: 80}}}
END
kubectl create ingress {{ blog }} --class={{ class }} --rule='{{ second }}/*={{ blog }}:80'
kubectl patch service {{ shop }} --type=json \
  -p '[{"op": "replace", "path": "/spec/ports", "value": [{"name": "http", "port": 80, "targetPort": "http"}]}]'
