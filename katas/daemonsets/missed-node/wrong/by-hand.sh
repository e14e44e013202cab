kubectl patch daemonset {{ app }} --type=merge -p '{"spec": {"template": {"spec": {"nodeSelector": null, "tolerations": [{"operator": "Exists"}]}}}}'
kubectl set image daemonset {{ app }} {{ app }}=nginx:{{ new }}
kubectl delete pods --selector=app={{ app }}
