"""Does a multi-tenant real-time dashboard stay fresh, cheap and private as its fleet grows?"""
