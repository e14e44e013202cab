kubectl create service clusterip {{ name }} --tcp={{ port }}:{{ target }}
