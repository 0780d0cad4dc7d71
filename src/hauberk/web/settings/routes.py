"""All routes of the settings."""

from fastapi import APIRouter

router = APIRouter()
