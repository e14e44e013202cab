kubectl expose deployment {{ app }} --name={{ name }} --port={{ port }} --target-port={{ target }} --cluster-ip=None
