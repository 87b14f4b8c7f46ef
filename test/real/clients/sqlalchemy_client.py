"""SQLAlchemy over psycopg2: tables made, reflected, written by the ORM, streamed. Prints all it sees."""
import sys

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, declarative_base, relationship

count = int(sys.argv[2])
Base = declarative_base()


class Customer(Base):
    __tablename__ = "alchemy_customers"
    id = Column(Integer, primary_key=True)
    name = Column(String, nullable=False)
    bills = relationship("Bill", back_populates="customer")


class Bill(Base):
    __tablename__ = "alchemy_bills"
    id = Column(Integer, primary_key=True)
    customer_id = Column(ForeignKey(Customer.id), nullable=False)
    total = Column(Integer)
    customer = relationship(Customer, back_populates="bills")


engine = create_engine("postgresql+psycopg2://", pool_pre_ping=True, executemany_mode="values_plus_batch")
Base.metadata.create_all(engine)
try:
    with Session(engine) as session:
        for i in range(count):
            session.add(Customer(name="c%d" % i, bills=[Bill(total=j) for j in range(3)]))
        session.commit()
        print(session.execute(select(func.count(), func.sum(Bill.total)).select_from(Bill)).one())
        print([c.name for c in session.scalars(select(Customer).join(Bill).where(Bill.total == 2).order_by(Customer.id).limit(3))])
        try:
            session.add(Bill(customer_id=-1))
            session.commit()
        except DBAPIError as error:
            print(error.orig.pgcode)
            session.rollback()
    reflected = MetaData()
    reflected.reflect(engine, only=["alchemy_bills", "alchemy_customers"])
    for table in reflected.sorted_tables:
        print(table.name, [(c.name, str(c.type), c.nullable) for c in table.columns], [str(f.target_fullname) for f in table.foreign_keys])
    print(inspect(engine).get_indexes("orders"), inspect(engine).get_pk_constraint("orders"))
    with engine.connect().execution_options(stream_results=True, max_row_buffer=500) as db:
        print(sum(row.id for row in db.execute(select(Bill.id))))
finally:
    Base.metadata.drop_all(engine)
