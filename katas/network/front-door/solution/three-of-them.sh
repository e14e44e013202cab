# An Ingress for each program, ports by name; of the rules that fit, the longest wins.
kubectl delete ingress {{ shop }}
kubectl create ingress {{ shop }} --class={{ class }} --rule='{{ host }}/*={{ shop }}:web'
kubectl create ingress {{ api }} --class={{ class }} --rule='{{ host }}/{{ api }}*={{ api }}:web'
kubectl create ingress {{ blog }} --class={{ class }} --rule='{{ second }}/*={{ blog }}:web'
