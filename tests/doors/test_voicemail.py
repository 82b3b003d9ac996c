"""Voicemail that telephone systems send by mail."""

from dataclasses import dataclass

import pytest

from domain.messages import Channel, MessageNature
from domain.playbook import Playbook
from tests.doors.letters import mail, parsed


@dataclass(frozen=True)
class Sample:
    sender: str
    subject: str
    body: str
    number: str | None
    text: str
    name: str | None = None


SAMPLES = {
    "ringcentral": Sample(
        "RingCentral <notify@ringcentral.com>",
        "New Voice Message from +44 161 496 0112 on 03/04/2026 9:12 AM",
        "Dear Support,\nYou have a new voice message:\nFrom: Emma Hartley (+44 161 496 0112)\nTo: +49 40 5550100 Ext. 101\n"
        'Received: Wednesday, March 04, 2026 at 9:12 AM\nLength: 00:42\nVoicemail Preview:\n"Hi, it is about order 10452, '
        'please call me back."\n\nThank you for using RingCentral!',
        "+441614960112",
        "Hi, it is about order 10452, please call me back.",
        "Emma Hartley",
    ),
    "3cx": Sample(
        "3CX <noreply@3cx.net>",
        "New Voicemail from 040 12345678",
        "You have a new voicemail.\nFrom: 040 12345678\nExtension: 101\nDate: 2026-03-04 09:12:40\nDuration: 0:42\n",
        "+494012345678",
        "Voicemail of 0:42 from +494012345678",
    ),
    "3cx transcribed": Sample(
        "3CX <noreply@3cx.net>",
        "Neue Sprachnachricht",
        "Anrufer: +49 171 1234567\nNebenstelle: 101\nDauer: 00:01:05\nTranskription: Guten Tag, hier Vogel.\n"
        "Wo ist meine Ware?\n\nDiese Nachricht wurde automatisch erzeugt.",
        "+491711234567",
        "Guten Tag, hier Vogel.\nWo ist meine Ware?",
    ),
    "ezdirect": Sample(
        "voicemail@ezdirect.example",
        "Nuovo messaggio in segreteria da 02 5550199",
        "Hai ricevuto un messaggio vocale.\nChiamante: +39 02 5550199\nInterno: 200\nDurata: 18 secondi\n",
        "+39025550199",
        "Voicemail of 0:18 from +39025550199",
    ),
    "nextiva": Sample(
        "Nextiva Voice <voicemail@nextiva.com>",
        "Voicemail Message (Hartley > Support) From: 2125550187",
        "Time: Mar 4, 2026 9:12:40 AM\nTo: 1001\nCaller: +1 (212) 555-0187\n33 seconds\nTranscription: Call me.\n\n"
        "To listen, open the file.",
        "+12125550187",
        "Call me.",
    ),
    "french": Sample(
        "repondeur@pbx.example",
        "Nouveau message vocal",
        "Appelant : +33 1 99 00 12 34\nDurée : 1 min 05 s\n",
        "+33199001234",
        "Voicemail of 1:05 from +33199001234",
    ),
    "spanish": Sample(
        "buzon@pbx.example",
        "Mensaje de voz de +34 910 12 34 56",
        "Ha recibido un mensaje de voz.\nPara: 200\nDuración: 0:07\n",
        "+34910123456",
        "Voicemail of 0:07 from +34910123456",
    ),
    "chinese": Sample(
        "pbx@pbx.example",
        "新的语音留言",
        "来电号码：+86 138 0013 8000\n分机：101\n时长：42 秒\n转写：请回电，订单10452。\n\n感谢使用",
        "+8613800138000",
        "请回电，订单10452。",
    ),
    "withheld": Sample(
        "3CX <noreply@3cx.net>",
        "New Voicemail from anonymous",
        "From: anonymous\nExtension: 101\nDuration: 0:09\n",
        None,
        "Voicemail of 0:09 from a withheld number",
    ),
}


@pytest.mark.parametrize("system", SAMPLES)
def test_a_voicemail_is_a_call_of_its_caller(system: str, playbook: Playbook) -> None:
    sample = SAMPLES[system]
    raw = mail(
        sample.sender,
        sample.subject,
        sample.body,
        files=[("vm.wav", "audio/wav")],
        headers=[("Auto-Submitted", "auto-generated")],
    )
    message = parsed(raw, playbook)
    assert (message.channel, message.nature) == (Channel.PHONE, MessageNature.PERSON)
    assert (message.sender.phone, message.sender.email) == (sample.number, None)
    assert message.text == sample.text
    assert message.conversation == sample.number
    assert message.sender.name == sample.name
    assert [file.filename for file in message.attachments] == ["vm.wav"]


def test_without_a_recording_it_is_a_mail_about_voicemail(playbook: Playbook) -> None:
    message = parsed(mail("emma@b.example", "Your voicemail", "I left you a voicemail from +44 161 496 0112."), playbook)
    assert message.channel is Channel.EMAIL


def test_an_answer_to_a_voicemail_is_its_writers(playbook: Playbook) -> None:
    sample = SAMPLES["3cx"]
    raw = mail("agent@b.example", f"Fwd: {sample.subject}", sample.body, files=[("vm.wav", "audio/wav")])
    message = parsed(raw, playbook)
    assert (message.channel, message.sender.email) == (Channel.EMAIL, "agent@b.example")


def test_a_song_is_no_voicemail(playbook: Playbook) -> None:
    raw = mail(
        "emma@b.example",
        "The noise it makes",
        "Listen to the drill. Call +44 161 496 0112.",
        files=[("noise.mp3", "audio/mpeg")],
    )
    assert parsed(raw, playbook).channel is Channel.EMAIL
