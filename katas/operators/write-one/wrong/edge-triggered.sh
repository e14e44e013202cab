cp edge-triggered.bash operator.bash
