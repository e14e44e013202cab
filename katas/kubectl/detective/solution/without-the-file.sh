# A Secret copied under another name, and the wish written into the Deployment itself.
kubectl patch pod {{ stray }} --patch '{"metadata": {"labels": {"suspect": "yes"}}}'
kubectl get secret {{ app }}-{{ kept }} -o yaml |
  sed -e 's/name: .*/name: {{ app }}-{{ wanted }}/' -e '/uid:/d' -e '/resourceVersion:/d' | kubectl create -f -
kubectl wait --for=condition=Ready pod/nightly --timeout=60s
# A slip on the way, and back again, is no harm.
kubectl set image deployment {{ app }} web=nginx:1.28
kubectl rollout undo deployment {{ app }}
kubectl patch deployment {{ app }} --type=merge -p '{% if field.place == "spec" %}{"spec": {"{{ field.right }}": {{ seconds }}}}{% else %}{"spec": {"template": {"spec": {"{{ field.right }}": {{ seconds }}}}}}{% endif %}'
kubectl rollout status deployment {{ app }}
