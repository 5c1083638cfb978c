"""What the shop asks its database."""


def of_day(connection, day):
    return connection.execute(
        "select id, customer, total from orders where day = %s", [day]
    ).fetchall()


def of_customer(connection, customer):
    return connection.execute(
        """
        select id, day, total
        from orders
        where customer = %s
        order by day desc
        limit 20
        """,
        [customer],
    ).fetchall()


def invoices(connection, first, last):
    return connection.execute(
        "select * from invoices "
        "where id between %s and %s",
        [first, last],
    ).fetchall()
