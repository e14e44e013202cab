kubectl label pods -l app={{ app }} suspect=yes
value=$(kubectl get secret {{ app }}-{{ kept }} -o jsonpath='{.data.{{ key }}}' | base64 -d)
kubectl create secret generic {{ app }}-{{ wanted }} --from-literal={{ key }}="$value"
kubectl wait --for=condition=Ready pod/nightly --timeout=60s
kubectl patch deployment {{ app }} --type=merge -p '{% if field.place == "spec" %}{"spec": {"{{ field.right }}": {{ seconds }}}}{% else %}{"spec": {"template": {"spec": {"{{ field.right }}": {{ seconds }}}}}}{% endif %}'
