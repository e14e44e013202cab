{% if meant == "nobody" %}{% set whose = "" %}{% else %}{% set whose = "--class=" ~ meant %}{% endif -%}
kubectl replace -f - <<END
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ shop }}
spec:
  {% if meant != "nobody" %}ingressClassName: {{ meant }}{% endif %}
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
END
kubectl create ingress {{ blog }} {{ whose }} --rule='{{ second }}/*={{ blog }}:80'
{% if meant != "nobody" -%}
kubectl create -f - <<END
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: {{ meant }}
spec:
  controller: traefik.io/ingress-controller
END
{% endif -%}
kubectl patch deployment traefik -n front-door-gate --type=json \
  -p '[{"op": "remove", "path": "/spec/template/spec/containers/0/args/4"}]'
kubectl rollout status deployment traefik -n front-door-gate --timeout=60s
