kubectl patch ingress {{ shop }} --type=merge -p '{"spec": {"ingressClassName": "{{ class }}"}}'
