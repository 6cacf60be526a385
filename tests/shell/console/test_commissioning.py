"""From nothing to the first permit and a signed record, in Chinese, on a real pty."""

import subprocess
import sys
from contextlib import closing

from agent.demo.actor import Panel
from tests.shell.console.ward import PIN, Ward, manned

WET_TEST = "20s"


def answers(ward: Ward, *pairs: tuple[str, str]) -> None:
    """Each question, when it has come, and what a technician types then."""
    for question, answer in pairs:
        ward.sees(question)
        ward.types(answer)


def begins(ward: Ward) -> None:
    answers(ward, ("主管账号名", "li"), ("新密码（", PIN), ("再输一次", PIN))
    ward.sees("well# ")


def commissions(ward: Ward, panel: Panel) -> None:
    """Every step of the guide; the owner presses start when he is asked to."""
    ward.types(f"setup {WET_TEST}")
    answers(
        ward,
        ("取水许可证号", "兵取水〔2026〕0127"),
        ("有效期至", "2030-12-31"),
        ("取水户", "三连"),
        ("额定功率", "18.5"),
        ("流量计证书号", "L-2026-311"),
        ("有效期至", "2028-06-30"),
        ("铅封号", "A-17"),
        ("电能表证书号", "D-2026-8"),
        ("有效期至", "2030-06-30"),
        ("铅封号", "A-18"),
        ("现在的北京时间", ""),
        ("从站 3 有应答", "\x03"),
        ("流量计出厂编号", "F-1"),
        ("表头累计流量", "1m3"),
        ("流量计证书号", ""),
        ("此前已取水量", "0L"),
        ("well ?", "well"),
        ("电能表出厂编号", "P-1"),
        ("表头有功电量", "0kWh"),
        ("电能表证书号", ""),
        ("well ?", "well"),
        ("互感器变比", "1"),
        ("年度取水计划指标 (", "6.25万m³"),
        ("文号", "水资〔2026〕7号"),
        ("well ?", "well"),
        ("well ?", "well"),
        ("(y/n)", "y"),
    )
    ward.sees("请用户按启动按钮")
    panel.ask("start")
    ward.sees("累计流量变化")
    ward.sees("恢复允许后自启")
    answers(ward, ("备份存放处", "连部办公室 U 盘"))
    while ward.line.expect_exact(["继续".encode(), "调试人".encode()]) == 0:
        ward.line.send(b" ")
    ward.types("")
    answers(
        ward,
        ("运行维护单位", "垦区水管站"),
        ("取水户签字人", "马建国"),
        ("well ?", "well"),
    )
    ward.sees("调试已完成并签名")
    ward.sees("well# ")


def test_a_technician_commissions_a_new_pump_house_and_signs_for_it() -> None:
    with manned(language="zh") as ward, closing(Panel(ward.folder / "panel.sock")) as panel:
        begins(ward)
        commissions(ward, panel)
        ward.types("status")
        assert "已允许，接触器未吸合" in ward.sees("well# ")
        paper = ward.folder / "paper.html"
        argv = [sys.executable, "-m", "agent.cli", "commissioning", "--config", str(ward.config)]
        subprocess.run([*argv, "--output", str(paper)], check=True)
        page = paper.read_text("utf-8")
    assert "兵取水〔2026〕0127" in page
    assert page.count("<polyline") == 3
    assert "本记录尚未在控制台签名" not in page
