"""Who may enter the admin and do what there: roles, the second factor, the lock after wrong passwords."""
