kubectl label pod {{ stray }} suspect=yes
kubectl create secret generic {{ app }}-{{ wanted }} --from-literal={{ key }}=guessed
kubectl wait --for=condition=Ready pod/nightly --timeout=60s
kubectl patch deployment {{ app }} --type=merge -p '{% if field.place == "spec" %}{"spec": {"{{ field.right }}": {{ seconds }}}}{% else %}{"spec": {"template": {"spec": {"{{ field.right }}": {{ seconds }}}}}}{% endif %}'
