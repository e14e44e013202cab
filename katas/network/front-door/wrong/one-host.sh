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
            backend: {service: {name: {{ shop }}, port: {number: {{ port }}}}}
          - path: /{{ api }}
            pathType: Prefix
            backend: {service: {name: {{ api }}, port: {number: 80}}}
          - path: /{{ blog }}
            pathType: Prefix
            backend: {service: {name: {{ blog }}, port: {number: 80}}}
END
