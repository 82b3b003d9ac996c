"""Which rule decides about a language, in the order of how much is written."""

import pytest

from activities.understanding.language import Languages
from tests.understanding.conftest import SIX

NORTHWIND = ("en", "de", "zh")
LUMEN = ("it", "fr", "es", "en")


@pytest.mark.parametrize(
    "text", ["10452", "RMA", "👍", "", "PO-77120 / NT-DRILL-18V", "?!", "https://shop.example/bestellung/10452"]
)
def test_too_little_is_the_contacts_last_language(languages: Languages, text: str) -> None:
    spoken = languages.of("", text, NORTHWIND, ["de", "en"], ["zh"])
    assert spoken == ("de", "too little is written to tell: the contact's last language", None)


def test_then_the_companys_then_the_stores(languages: Languages) -> None:
    assert languages.of("", "10452", NORTHWIND, [], ["zh"]).language == "zh"
    assert languages.of("", "10452", NORTHWIND, ["fr"], ["zh"]).evidence.endswith("the company's last language")
    assert languages.of("", "10452", LUMEN) == ("it", "too little is written to tell: the store's main language", None)


@pytest.mark.parametrize("text", ["ok merci", "Hi, urgent", "Danke!"])
def test_under_fifteen_letters_the_contact_decides(languages: Languages, text: str) -> None:
    spoken = languages.of("", text, LUMEN, ["fr"])
    assert (spoken.language, spoken.evidence) == ("fr", "under 15 letters: the contact's last language")


def test_a_short_text_of_a_stranger_is_told_by_its_subject_too(languages: Languages) -> None:
    assert languages.of("Frage zu unserer letzten Bestellung", "Ist da.", NORTHWIND).language == "de"


@pytest.mark.parametrize("text", ["订单10452发货了吗", "200件报价", "已收到，谢谢", "RMA编号？", "NW-GRD-125 角磨机有货吗？"])
def test_chinese_needs_no_history(languages: Languages, text: str) -> None:
    assert languages.of("", text, SIX, ["en"])[:2] == ("zh", "Chinese characters")


def test_a_chinese_name_makes_no_chinese_mail(languages: Languages) -> None:
    text = "Please send the two missing drills to our site in Shanghai as soon as you can.\n李伟\n宏泰工程有限公司"
    assert languages.of("", text, SIX).language == "en"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "pl",
            "Dzień dobry, kiedy dotrze nasze zamówienie? Czekamy na nie już od dwóch tygodni i nie mamy informacji.",
        ),
        ("nl", "Goedendag, wanneer wordt onze bestelling geleverd? Wij wachten al twee weken en hebben nog niets ontvangen."),
        ("pt", "Bom dia, quando chega a nossa encomenda? Estamos à espera há duas semanas e não recebemos nenhuma informação."),
        ("fr", "Bonjour, quand notre commande sera-t-elle livrée ? Nous attendons depuis deux semaines sans aucune nouvelle."),
        ("ru", "Добрый день, когда придёт наш заказ? Мы ждём уже две недели и ничего не получили."),
        ("ja", "お世話になっております。注文した商品はいつ届きますか。二週間待っていますがまだ届いていません。"),
    ],
)
def test_a_language_the_store_does_not_answer_in_is_told(languages: Languages, language: str, text: str) -> None:
    spoken = languages.of("", text, NORTHWIND)
    assert spoken.unsupported == language
    assert spoken.language == "en"
    assert spoken.evidence.startswith(f"unsupported language {language} ")


def test_chinese_to_a_store_without_it_is_told(languages: Languages) -> None:
    assert languages.of("", "你好，订单什么时候发货？", LUMEN) == (
        "it",
        "unsupported language zh (Chinese characters): the store's main language",
        "zh",
    )


def test_most_of_a_mixed_message_decides(languages: Languages) -> None:
    text = "Hello, vielen Dank für die schnelle Lieferung, leider fehlt noch eine Schachtel Schrauben. Best regards"
    assert languages.of("", text, SIX).language == "de"


def test_capitals_and_emoji_do_not_matter(languages: Languages) -> None:
    assert languages.of("", "WO BLEIBT UNSERE LIEFERUNG 😡😡😡 WIR WARTEN SEIT TAGEN", SIX).language == "de"


def test_broken_characters_do_no_harm(languages: Languages) -> None:
    assert languages.of("\ud800", "Where is our order\ud83d please, we need it\x00", SIX).language == "en"
