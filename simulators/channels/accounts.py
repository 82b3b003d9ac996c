"""The channel accounts of a world: whom the stand-ins know, and with what they sign."""

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TwilioWorld(_Part):
    """One account with a number for SMS and one for WhatsApp; `sms` and `whatsapp` name the accounts their hooks go to."""

    sid: str = "AC0123456789abcdef0123456789abcdef"
    token: str = "twilio-demo-token"
    number: str = "+4940555010020"
    whatsapp_number: str = "+4940555010021"
    sms: str = "northwind-sms"
    whatsapp: str = "northwind-whatsapp"


class WhatsAppWorld(_Part):
    """One number at Meta; `window_hours` is how long it takes free text after the buyer's last message."""

    phone_number_id: str = "106540352242922"
    number: str = "4940555010022"
    token: str = "whatsapp-demo-token"
    app_secret: str = "whatsapp-demo-secret"
    verify_token: str = "whatsapp-demo-verify"
    account: str = "northwind"
    window_hours: int = 24


class EbayWorld(_Part):
    """One seller. `key` is the private number of the P-256 key that signs notifications."""

    username: str = "northwind_tools"
    app_id: str = "northwind-app"
    cert_id: str = "northwind-cert"
    refresh_token: str = "ebay-demo-refresh"
    verification_token: str = "ebay-demo-verification-token-of-northwind"
    key_id: str = "9936261a-7d7b-4621-a0f1-964cd0d2a1b7"
    key: int = 0x3A91F27C55D0E8B4D1469D2270C6A1E25F9B01837AC44D9E61B5F02C8E7D3391
    account: str = "northwind"


class TikTokWorld(_Part):
    """One shop."""

    app_key: str = "demoappkey"
    app_secret: str = "tiktok-demo-secret"
    access_token: str = "tiktok-demo-token"
    shop_id: str = "7494049642642441621"
    shop_cipher: str = "GCP_demo"
    account: str = "northwind"


class ChannelWorld(_Part):
    """All of them; they serve the first store."""

    twilio: TwilioWorld = TwilioWorld()
    whatsapp: WhatsAppWorld = WhatsAppWorld()
    ebay: EbayWorld = EbayWorld()
    tiktok: TikTokWorld = TikTokWorld()
