kubectl delete job {{ batch }}
sed -e 's/parallelism: .*/parallelism: {{ at_once }}/' -e '/if \[ ! -e/,/fi$/d' job.yaml | kubectl apply -f -
kubectl patch cronjob {{ round }} --type=merge -p '{"spec": {"concurrencyPolicy": "Forbid"}}'
kubectl patch cronjob {{ report }} --type=merge \
  -p '{"spec": {"schedule": "{{ minute }} {{ hour }} * * 1-5", "timeZone": "{{ zone.name }}"}}'
kubectl create job --from=cronjob/{{ report }} {{ report }}-now
