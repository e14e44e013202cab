kubectl delete networkpolicies --all
kubectl delete networkpolicies --all -n who-may-talk-data
