cp hot-loop.bash operator.bash
