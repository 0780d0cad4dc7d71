"""All routes of signing in."""

from fastapi import APIRouter

router = APIRouter()
