kubectl delete job {{ batch }}
kubectl apply -f job.yaml
kubectl patch cronjob {{ round }} --type=merge -p '{"spec": {"concurrencyPolicy": "Forbid"}}'
kubectl patch cronjob {{ report }} --type=merge \
  -p '{"spec": {"schedule": "{{ minute }} {{ hour }} * * 1-5", "timeZone": "{{ zone.name }}"}}'
kubectl create job --from=cronjob/{{ report }} {{ report }}-now
