"""Merchants, for administrators."""

from __future__ import annotations

import msgspec

from sikka.api import schemas, versions
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.handlers.payments import normal_vpa
from sikka.api.queries import PageQuery
from sikka.api.views import page_of
from sikka.domain.errors import InvalidRequest, NotFound
from sikka.domain.merchant import Merchant
from sikka.domain.merchant_views import merchant_view
from sikka.domain.views import encode
from sikka.flows.administer import MerchantOrder, create_merchant, update_merchant


async def create(call: Call) -> Reply:
    """POST /v1/merchants."""
    request: schemas.MerchantRequest = decode_body(call.body, schemas.MerchantRequest)
    order = MerchantOrder(
        name=request.name,
        legal_name=request.legal_name,
        category_code=request.category_code,
        payee_vpa=normal_vpa(request.payee_vpa, "payee_vpa"),
        account_number=request.account_number,
        account_ifsc=request.account_ifsc,
        account_type=request.account_type,
        rail=request.rail,
        fee_basis_points=request.fee_basis_points,
        fee_fixed_minor=request.fee_fixed,
        gst_basis_points=request.gst_basis_points,
    )
    return reply_of(await create_merchant(call.parts.flows, order, call.caller()))


async def update(call: Call) -> Reply:
    """POST /v1/merchants/{id}."""
    request: schemas.MerchantChanges = decode_body(call.body, schemas.MerchantChanges)
    changes = {
        name: value
        for name, value in msgspec.structs.asdict(request).items()
        if value is not msgspec.UNSET
    }
    if "payee_vpa" in changes:
        changes["payee_vpa"] = normal_vpa(changes["payee_vpa"], "payee_vpa")
    if "fee_fixed" in changes:
        changes["fee_fixed_minor"] = changes.pop("fee_fixed")
    if changes.get("api_version", versions.SUPPORTED[0]) not in versions.SUPPORTED:
        raise InvalidRequest("version_unsupported", param="api_version")
    merchant = await _found(call)
    return reply_of(await update_merchant(call.parts.flows, merchant, changes, call.caller()))


async def _found(call: Call) -> Merchant:
    merchant = await call.parts.reader.merchant(call.id("mer"))
    if merchant is None:
        raise NotFound
    return merchant


async def retrieve(call: Call) -> Reply:
    """GET /v1/merchants/{id}."""
    return Reply(200, encode(merchant_view(await _found(call))))


async def index(call: Call) -> Reply:
    """GET /v1/merchants."""
    query = call.query(PageQuery)
    rows = await call.parts.reader.merchants(page(query))
    return Reply(200, encode(page_of("/v1/merchants", query, rows, merchant_view)))
